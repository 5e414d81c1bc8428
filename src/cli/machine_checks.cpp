#include "cli/machine_checks.h"

#include <sys/statvfs.h>

#include <algorithm>

#include "cli/opener.h"
#include "cli/project.h"
#include "cli/streams.h"
#include "slipway/base/clock.h"
#include "slipway/base/text.h"
#include "slipway/builder/last_build.h"
#include "slipway/http/system_certificates.h"

namespace slipway::cli {
namespace {

constexpr std::uint64_t kLittleSpace = 1ull << 30;
constexpr std::int64_t kSkew = 300;  // seconds by which clocks of one machine's runs may differ
constexpr std::size_t kMostCertificates = 16u << 20;
constexpr const char* kUsualCertificates = "/etc/ssl/certs/ca-certificates.crt";
constexpr const char* kRunners[] = {"podman", "docker", "nerdctl", "ctr", "crun", "runc", "bwrap"};

std::vector<std::string> runners_in_path(const Context& context) {
  std::vector<std::string> found;
  for (const std::string& folder : split(context.surroundings().env("PATH").value_or(""), ':')) {
    for (const char* name : kRunners) {
      if (!folder.starts_with('/') || std::find(found.begin(), found.end(), name) != found.end()) continue;
      const auto stat = context.fs().stat(stdfs::path(folder) / name, true);
      if (stat && stat->type == FileType::regular && (stat->mode & 0111) != 0) found.emplace_back(name);
    }
  }
  return found;
}

/// The bytes free where a folder is, or will be made.
std::optional<std::uint64_t> free_bytes(stdfs::path folder) {
  struct statvfs stat {};
  while (::statvfs(folder.c_str(), &stat) != 0) {
    if (folder == folder.parent_path()) return std::nullopt;
    folder = folder.parent_path();
  }
  return static_cast<std::uint64_t>(stat.f_bavail) * stat.f_frsize;
}

void find_certificates(const Context& context, MachineFacts& facts) {
  const auto file = context.surroundings().env("SSL_CERT_FILE");
  const auto folder = context.surroundings().env("SSL_CERT_DIR");
  if (folder && !folder->empty() && (!file || file->empty())) {
    facts.certificates = *folder;
    const auto names = context.fs().list(*folder);
    facts.has_certificates = names && !names->empty();
    return;
  }
  const auto exists = [&context](const char* path) { return context.fs().stat(path, true).has_value(); };
  facts.certificates = file && !file->empty() ? *file : http::system_certificates(exists);
  if (facts.certificates.empty()) facts.certificates = kUsualCertificates;
  const auto text = read_file(context.fs(), facts.certificates, kMostCertificates);
  facts.has_certificates = text && text->find("-----BEGIN CERTIFICATE-----") != std::string::npos;
}

std::optional<std::int64_t> newest_record(const Context& context) {
  std::optional<std::int64_t> newest;
  const auto apps = load_projects(context);
  if (!apps) return newest;
  for (const Loaded& loaded : *apps) {
    const auto build = builder::read_last_build(context.fs(), loaded.state_folder(), loaded.project.app);
    if (build) newest = std::max(newest.value_or(build->time), build->time);
  }
  return newest;
}

}  // namespace

MachineFacts look_at_machine(Context& context) {
  MachineFacts facts;
  facts.now = context.surroundings().clock->now();
  facts.newest_record = newest_record(context);
  find_certificates(context, facts);
  facts.runners = runners_in_path(context);
  for (const stdfs::path& folder : {context.surroundings().directory, cache_folder(context.surroundings().env),
                                    temporary_folder(context.surroundings())}) {
    if (folder.empty()) continue;
    if (const auto bytes = free_bytes(folder)) facts.space.emplace_back(folder.native(), *bytes);
  }
  return facts;
}

std::vector<MachineFinding> judge_machine(const MachineFacts& facts) {
  std::vector<MachineFinding> findings;
  if (facts.newest_record && facts.now + kSkew < *facts.newest_record) {
    findings.push_back({"clock",
                        fmt::format("the clock says {}, but a build was recorded at {}", format_time(facts.now),
                                    format_time(*facts.newest_record)),
                        "certificates, soak times and freezes are judged by a wrong time", "set the clock"});
  }
  if (!facts.has_certificates) {
    findings.push_back({"certificates", fmt::format("{} has no certificates", printable(facts.certificates, 300)),
                        "no registry is trusted over TLS",
                        "install ca-certificates, or name a file with SSL_CERT_FILE or --ca-file"});
  }
  if (facts.runners.empty()) {
    findings.push_back({"runner", "no podman, docker, nerdctl, ctr, crun, runc or bwrap in PATH",
                        "slipway run and load start nothing here; everything else works",
                        "install podman, runc or bubblewrap", false});
  }
  for (const auto& [folder, bytes] : facts.space) {
    if (bytes >= kLittleSpace) continue;
    findings.push_back({"space", fmt::format("{} free in {}", human_bytes(bytes), printable(folder, 300)),
                        "builds and copies of large images may fail", "free some: slipway cache prune"});
  }
  return findings;
}

}  // namespace slipway::cli
