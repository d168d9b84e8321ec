"""The catalogue of traits: measures and families as rows."""
