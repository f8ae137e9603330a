/* Conditions that rules and entitlements share. Each reads one value of the file. */
#pragma once

#include "read.h"

void conditions_read_who(struct reading *reading, struct yaml_node *node, struct who *ret_who);
void conditions_read_services(
    struct reading *reading, const struct yaml_node *node, struct what *ret_what);
void conditions_read_commands(
    struct reading *reading, const struct yaml_node *node, struct what *ret_what);
void conditions_read_hosts(
    struct reading *reading, const struct yaml_node *node, struct hosts *ret_hosts);
void conditions_read_labels(
    struct reading *reading, const struct yaml_node *node, struct hosts *ret_hosts);
