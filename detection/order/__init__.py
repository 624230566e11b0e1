"""In which order rings are told: by their bits, and, where asked, by what a small judge has learnt as well."""
