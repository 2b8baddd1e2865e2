"""How towns tell each other what they hold: sessions, peers, bundles, and what carries them."""
