int nvs_flash_init(void);
