"""In which order rings are told: by their evidence, and, where asked, by what a small judge has learnt as well."""
