#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "--version")) {
        puts("unitgraph " UG_VERSION);
        return 0;
    }
    fputs("usage: unitgraph --version\n", stderr);
    return 2;
}
