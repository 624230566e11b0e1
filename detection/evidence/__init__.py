"""What a group shows beyond chance, what naming it costs, and what explains it innocently."""
