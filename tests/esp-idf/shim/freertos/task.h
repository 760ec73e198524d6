/* Ends the program after KPN_TURNS. */
void vTaskDelay(TickType_t ticks);
