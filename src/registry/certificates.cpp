#include "slipway/registry/certificates.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kMaxPem = 4u << 20;

Error unpaired(const stdfs::path& have, const std::string& lack) {
  return Error(Errc::invalid_argument, fmt::format("{} has no {} beside it", have.string(), lack))
      .with_hint("a client certificate is two files: NAME.cert and NAME.key");
}

/// The certificates of one folder.
Result<http::HostCertificates> read_folder(FileSystem& fs, const stdfs::path& folder) {
  http::HostCertificates found;
  SLIPWAY_ASSIGN(const auto names, fs.list(folder));
  const auto there = [&](const stdfs::path& name) {
    return std::find(names.begin(), names.end(), name.string()) != names.end();
  };
  for (const std::string& text : names) {
    const stdfs::path name = text;
    const stdfs::path file = folder / name;
    const std::string ending = name.extension().string();
    if (ending == ".crt") {
      SLIPWAY_ASSIGN(const std::string pem, read_file(fs, file, kMaxPem));
      found.authorities += pem + "\n";
    } else if (ending == ".cert") {
      const stdfs::path key = stdfs::path(text).replace_extension(".key");
      if (!there(key)) return fail(unpaired(file, key.string()));
      if (!found.certificate.empty()) {
        return fail(Errc::invalid_argument, "{} holds two client certificates: {} and {}", folder.string(),
                    stdfs::path(found.certificate).filename().string(), name.string());
      }
      found.certificate = file.string();
      found.key = (folder / key).string();
    } else if (ending == ".key") {
      const stdfs::path certificate = stdfs::path(text).replace_extension(".cert");
      if (!there(certificate)) return fail(unpaired(file, certificate.string()));
    }
  }
  return found;
}

std::vector<stdfs::path> usual_folders(const EnvLookup& env) {
  std::vector<stdfs::path> folders;
  if (const auto home = env("HOME"); home && !home->empty()) {
    folders.push_back(stdfs::path(*home) / ".config/containers/certs.d");
  }
  folders.emplace_back("/etc/containers/certs.d");
  folders.emplace_back("/etc/docker/certs.d");
  return folders;
}

}  // namespace

http::FindCertificates find_certificates(FileSystem& fs, EnvLookup env, std::string folder) {
  return [&fs, env = std::move(env), folder = std::move(folder)](const std::string& host, int port,
                                                                 bool foreign) -> Result<http::HostCertificates> {
    const auto in = [&](const stdfs::path& place) -> Result<http::HostCertificates> {
      auto found = read_folder(fs, place);
      if (found) return found;
      return fail(std::move(found).error().in("reading the certificates for " + host));
    };
    if (!folder.empty() && !foreign) return in(folder);
    constexpr int kTlsPort = 443;
    const std::string plain = host == "registry-1.docker.io" ? "docker.io" : host;
    for (const stdfs::path& place : usual_folders(env)) {
      const stdfs::path with_port = place / fmt::format("{}:{}", plain, port);
      if (fs.stat(with_port, true)) return in(with_port);
      if (port == kTlsPort && fs.stat(place / plain, true)) return in(place / plain);
    }
    return http::HostCertificates();
  };
}

}  // namespace slipway::registry
