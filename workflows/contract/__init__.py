"""What can be said: the vocabulary that the workflow, the activities and the API share."""
