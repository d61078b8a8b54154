"""The case pathway up to the diagnosis: reports, signs, samples, results, classification, investigation, outcome."""
