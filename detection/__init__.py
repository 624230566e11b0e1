"""What chance cannot explain: links, candidates, evidence, rings, scores."""
