// Catch2 is v2 in Debian 12 and v3 elsewhere; this header serves both.
#pragma once

#ifdef CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
