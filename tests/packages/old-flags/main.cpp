// The consumer's program as C++.
#include "../main.c"
