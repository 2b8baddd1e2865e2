"""Where other programs can take the town's place: protocols, and how an adapter is found."""
