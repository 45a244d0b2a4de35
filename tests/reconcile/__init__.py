"""The room that changes the world, on an account, a ledger and a clock in memory whose every step is written down."""
