#include "slipway/http/system_certificates.h"

#include <gtest/gtest.h>

#include <set>

namespace slipway::http {
namespace {

std::string found_with(const std::set<std::string>& files) {
  return system_certificates([&files](const char* path) { return files.contains(path); });
}

TEST(SystemCertificates, AreFoundWhereEachDistributionKeepsThem) {
  for (const char* path :
       {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem",
        "/var/lib/ca-certificates/ca-bundle.pem", "/etc/ssl/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}) {
    EXPECT_EQ(found_with({path}), path);
  }
  EXPECT_EQ(found_with({}), "");
  EXPECT_EQ(found_with({"/etc/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt"}),
            "/etc/ssl/certs/ca-certificates.crt");
}

}  // namespace
}  // namespace slipway::http
