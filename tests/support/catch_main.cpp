// The one slow translation unit: Catch2 v2's runner. Version 3 brings its own.
#ifndef CATCH2_V3
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
