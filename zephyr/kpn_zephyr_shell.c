/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#include <kpn_zephyr_credentials.h>

#include <errno.h>
#include <string.h>

#include <zephyr/shell/shell.h>

/* 0, or -EIO after a line that says why. */
static int tell(const struct shell *sh, kpn_status status)
{
	if (status == KPN_OK) {
		return 0;
	}
	shell_error(sh, "%s (%d)", kpn_status_text(status), (int)status);
	return -EIO;
}

static int set_device(const struct shell *sh, size_t argc, char **argv)
{
	(void)argc;
	return tell(sh, kpn_zephyr_credentials_save(argv[1], argv[2]));
}

static int show_device(const struct shell *sh, size_t argc, char **argv)
{
	kpn_zephyr_credentials credentials;
	kpn_status status = kpn_zephyr_credentials_load(&credentials);

	(void)argc;
	(void)argv;
	if (status == KPN_OK) {
		shell_print(sh, "%s, with a secret of %u characters", credentials.urn,
			    (unsigned int)strlen(credentials.secret));
		memset(&credentials, 0, sizeof(credentials));
	}
	return tell(sh, status);
}

static int erase_device(const struct shell *sh, size_t argc, char **argv)
{
	(void)argc;
	(void)argv;
	return tell(sh, kpn_zephyr_credentials_erase());
}

SHELL_STATIC_SUBCMD_SET_CREATE(kpn_commands,
	SHELL_CMD_ARG(device, NULL, "URN SECRET: as registered in KPN Things", set_device, 3, 0),
	SHELL_CMD_ARG(show, NULL, "The device URN; never the secret", show_device, 1, 0),
	SHELL_CMD_ARG(erase, NULL, "Erases URN and secret", erase_device, 1, 0),
	SHELL_SUBCMD_SET_END);

SHELL_CMD_REGISTER(kpn, &kpn_commands, "KPN Things", NULL);
