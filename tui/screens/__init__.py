"""What people look at: each pane shows one state and sends intents, and never decides."""
