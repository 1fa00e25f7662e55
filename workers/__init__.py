"""The processes: they read settings, plug the other packages together and run them."""
