"""What the measuring programs of this folder share."""
