"""A second simulated market, built around people: groups arise from how they live."""
