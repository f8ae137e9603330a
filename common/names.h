/* Names that stand in more than one program, each spelled here and nowhere else. What is
 * promised to stay is listed in docs/man (pam_assent(8), assentd(8), io.assent.varlink). */
#pragma once

#define ASSENT_USER "assent"
#define ASSENT_CONFIG "/etc/assent/assent.yaml"
#define ASSENT_POLICY_DIR "/etc/assent/policy.d"
#define ASSENT_STATE_DIR "/var/lib/assent"
#define ASSENT_LEDGER "/var/lib/assent/ledger.db"
#define ASSENT_RUN_DIR "/run/assent"
#define ASSENT_GATE "/run/assent/gate"
#define ASSENT_PUBLIC "/run/assent/io.assent"

/* Which local accounts are locked or end, written by assent-accounts (root), read by the agent:
 * common/accounts_file.h. root:assent 0640. */
#define ASSENT_ACCOUNTS "/run/assent/accounts"
#define ASSENT_SHADOW "/etc/shadow"

/* Uses of the rescue door while the agent is away: one file each, written by pam_assent.so
 * (root), read and removed by the agent. root:assent 0770. */
#define ASSENT_SPOOL_DIR "/var/spool/assent"

/* The sudo approval plugin, where sudo loads it and pam_assent.so looks whether it is loaded. */
#define ASSENT_SUDO_PLUGIN "/usr/libexec/sudo/assent_sudo.so"

/* PAM environment: ties the phases of one login into one use. Opaque, no secret. */
#define ASSENT_PAM_TIE "ASSENT_TIE"

/* Services as PAM names them. */
#define SERVICE_SSHD "sshd"
#define SERVICE_LOGIN "login"
#define SERVICE_SUDO "sudo"
#define SERVICE_SUDO_I "sudo-i"
#define SERVICE_SU "su"
#define SERVICE_SU_L "su-l"
#define SERVICE_DOAS "doas"
