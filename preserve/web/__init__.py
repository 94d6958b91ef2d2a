"""The web desk: what archives hold, as pages to read and as data. It writes nothing and connects to nothing."""
