"""The proof: tests by package, laws, hostile input and the house rules."""
