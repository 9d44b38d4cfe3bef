// --check: whether the proxy could serve with these options, without serving. It opens the files, and binds
// no port: the proxy may be running.
#pragma once

#include <chrono>

#include "proxyserver/configuration/report.h"
#include "proxyserver/options.h"

// Files, names of this machine, users; nothing leaves this machine but lookups of names in --listen.
void check_files(const Options& options, std::chrono::sys_seconds now, Report& report);

// --check=online: connects to each address of each upstream in turn, verifies it and asks it for the root's
// name servers, or those of its first --for. Each is given --query-timeout for all of that.
void check_upstreams(const Options& options, std::chrono::sys_seconds now, Report& report);
