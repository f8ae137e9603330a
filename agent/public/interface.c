#include "interface.h"

/* The assembler reads the file, so that there is one copy and nothing to generate. The path
 * is relative to the top of the tree, where make runs the compiler. */
__asm__(".pushsection .rodata\n"
        ".globl public_interface_text\n"
        ".hidden public_interface_text\n"
        ".type public_interface_text, %object\n"
        "public_interface_text:\n"
        ".incbin \"etc/io.assent.varlink\"\n"
        ".byte 0\n"
        ".size public_interface_text, . - public_interface_text\n"
        ".popsection\n");
