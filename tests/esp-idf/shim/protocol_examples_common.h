int example_connect(void);
