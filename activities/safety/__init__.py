"""The safety filter: no sentence is published or spoken before it has a verdict."""
