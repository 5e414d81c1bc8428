#pragma once

#include <functional>
#include <string>

namespace slipway::http {

/// Returns the first file of trusted authorities that exists where Linux distributions keep theirs: Debian, Fedora,
/// older Red Hat, openSUSE, Alpine, NixOS and others, in this order. Empty when there is none: then no host is trusted
/// unless a file is named. `exists` answers for a path; by default, this machine. Thread-safe as far as `exists` is.
std::string system_certificates(const std::function<bool(const char* path)>& exists = {});

}  // namespace slipway::http
