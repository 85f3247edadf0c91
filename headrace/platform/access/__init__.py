"""Who may see and do what: users, sessions, tokens, principals; grants as predicates and fields."""
