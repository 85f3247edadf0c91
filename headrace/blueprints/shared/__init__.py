"""What all pages share: words, sessions, rendering, assets, errors."""
