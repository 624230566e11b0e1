"""What files seem to be: guesses, with reasons, that a person looks at before anything rests on them."""
