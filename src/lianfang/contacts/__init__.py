"""People who were near a case: exposure, contact, observation day by day until release."""
