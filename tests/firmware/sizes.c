/* Arrays as long as the structs are large: the symbol table then tells the sizes without running anything. */
#include "kpn_things.h"

#define SIZE(name) const char sizeof_##name[sizeof(kpn_##name)] = {0}

SIZE(connection);
SIZE(downlink);
SIZE(record);
SIZE(response);
SIZE(span);
SIZE(token);
SIZE(uplink);
