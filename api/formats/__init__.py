"""Documents as bytes, in every form that they are sent in besides JSON; pure, without HTTP and without storage."""
