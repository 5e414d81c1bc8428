#include "builder/runtime_data.h"

namespace slipway::builder {
namespace {

using layer::EntryType;

constexpr std::uint64_t kNonroot = 65532;

constexpr const char* kPasswd =
    "root:x:0:0:root:/root:/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"
    "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n";

constexpr const char* kGroup =
    "root:x:0:\n"
    "nogroup:x:65534:\n"
    "nonroot:x:65532:\n";

constexpr const char* kNsswitch =
    "passwd:    files\n"
    "group:     files\n"
    "shadow:    files\n"
    "hosts:     files dns\n"
    "networks:  files\n"
    "protocols: files\n"
    "services:  files\n";

RuntimeItem file(std::string path, std::string text) {
  RuntimeItem item;
  item.path = std::move(path);
  item.text = std::move(text);
  return item;
}

RuntimeItem folder(std::string path, std::uint32_t mode, std::uint64_t owner = 0) {
  RuntimeItem item;
  item.path = std::move(path);
  item.type = EntryType::directory;
  item.mode = mode;
  item.owner = owner;
  return item;
}

RuntimeItem symlink(std::string path, std::string text) {
  RuntimeItem item = file(std::move(path), std::move(text));
  item.type = EntryType::symlink;
  item.mode = 0777;
  return item;
}

RuntimeItem supplied(std::string path, std::vector<std::string> exclude = {}) {
  RuntimeItem item;
  item.path = std::move(path);
  item.supplied = true;
  item.exclude = std::move(exclude);
  return item;
}

}  // namespace

std::string RuntimeKind::caller(const std::set<std::string>& imports) const {
  for (const char* call : calls) {
    if (imports.contains(call)) return call;
  }
  return {};
}

const std::vector<RuntimeKind>& runtime_kinds() {
  static const std::vector<RuntimeKind> kinds = {
      {"passwd",
       true,
       {},
       {file("/etc/passwd", kPasswd), file("/etc/group", kGroup), folder("/root", 0700),
        folder("/home/nonroot", 0700, kNonroot)}},
      {"nsswitch", true, {}, {file("/etc/nsswitch.conf", kNsswitch)}},
      {"tmp", true, {}, {folder("/tmp", 01777)}},
      // OpenSSL was told by Debian to look in /usr/lib/ssl; Go, curl and GnuTLS know the bundle's own path.
      {kCertificates.data(),
       false,
       {"SSL_CTX_set_default_verify_paths", "SSL_CTX_set_default_verify_file", "X509_STORE_set_default_paths",
        "X509_get_default_cert_file", "gnutls_certificate_set_x509_system_trust", "curl_easy_perform",
        "curl_multi_perform", kGoCertificates},
       {supplied("/etc/ssl/certs/ca-certificates.crt"),
        symlink("/usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt")},
       "ca-certificates"},
      {"tzdata",
       false,
       {"tzset", "localtime", "localtime_r", "mktime", kGoTimeZones},
       {supplied("/usr/share/zoneinfo", {"posix", "right", "posixrules", "localtime"})},
       "tzdata"},
      // The C library knows the name since 2.35, but not the data.
      {"locale", false, {"setlocale", "newlocale"}, {supplied("/usr/lib/locale/C.utf8")}, "libc-bin"},
      {kLoaderCache.data(), false, {}, {}},
      {kPackageStatus.data(), false, {}, {}},
  };
  return kinds;
}

}  // namespace slipway::builder
