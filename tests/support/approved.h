// Output held to a file that somebody has read and approved: tests/integration/approved/NAME.txt. What
// differs from run to run (ports, IDs, times, dates, temporary files) is written as a word first.
//
// To approve what a change has made of it: run the tests with APPROVE=1 in the environment, then read the
// diff.
#pragma once

#include <string>

// Fails the test that calls it where `text`, filtered, is not what the file says.
void check_approved(const std::string& name, const std::string& text);

std::string without_volatile_parts(std::string text);
