#include "slipway/http/system_certificates.h"

#include <unistd.h>

namespace slipway::http {
namespace {

constexpr const char* kPlaces[] = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Gentoo, Alpine, NixOS
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, Red Hat, Amazon Linux
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora 43 and later, CentOS
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/var/lib/ca-certificates/ca-bundle.pem",             // openSUSE MicroOS
    "/etc/pki/tls/cacert.pem",                            // OpenELEC
    "/etc/ssl/certs/ca-bundle.crt",                       // NixOS
    "/etc/ssl/cert.pem",                                  // Alpine without ca-certificates
    "/usr/share/ssl/certs/ca-bundle.crt",                 // old Red Hat
    "/usr/local/share/certs/ca-root-nss.crt",             // own installations of NSS
    "/opt/etc/ssl/certs/ca-certificates.crt",             // Entware
};

}  // namespace

std::string system_certificates(const std::function<bool(const char* path)>& exists) {
  for (const char* place : kPlaces) {
    if (exists ? exists(place) : ::access(place, R_OK) == 0) return place;
  }
  return {};
}

}  // namespace slipway::http
