"""Uploaded files: what is known of them, their content, and who looks into them first."""
