/* STAND-IN */
