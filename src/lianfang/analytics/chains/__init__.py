"""Chains of transmission: who infected whom, how sure, and which recorded links cannot be."""

from lianfang.analytics.chains.evidence import Exposure, Interval
from lianfang.analytics.chains.inference import infer_chains
from lianfang.analytics.chains.links import LinkReview, review_links
from lianfang.analytics.chains.posterior import ChainPosterior

__all__ = ["ChainPosterior", "Exposure", "Interval", "LinkReview", "infer_chains", "review_links"]
