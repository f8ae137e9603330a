/* The text of etc/io.assent.varlink, built in. */
#pragma once

extern const char public_interface_text[];
