#include "builder/dpkg_database.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::builder {
namespace {

constexpr std::size_t kMaxStatus = 256u << 20;
constexpr std::size_t kMaxList = 64u << 20;
constexpr std::size_t kBeforePath = 34;  // in a line of .md5sums: 32 digits and two spaces

/// Calls `visit` for each line, without the line's end.
template <class Visit>
void each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// Reads the fields of one package after the other.
class StatusParser {
 public:
  std::vector<DpkgPackage> parse(const std::string& text) {
    each_line(text, [this](std::string_view line) { line.empty() ? finish() : take(line); });
    finish();
    return std::move(packages_);
  }

 private:
  void take(std::string_view line) {
    const bool continued = line[0] == ' ' || line[0] == '\t';
    if (!continued) {
      const std::size_t colon = line.find(':');
      const std::string_view field = line.substr(0, colon);
      const std::string value(trim(colon == std::string_view::npos ? "" : line.substr(colon + 1)));
      skipping_ = field == "Conffiles";
      if (field == "Package") next_.name = value;
      if (field == "Version") next_.version = value;
      if (field == "Architecture") next_.architecture = value;
      if (field == "Multi-Arch") next_.several_architectures = value == "same";
      if (field == "Status") installed_ = value.ends_with(" installed");
    }
    if (skipping_) return;
    next_.stanza += line;
    next_.stanza += '\n';
  }

  void finish() {
    const bool plain = !next_.name.empty() && next_.name.find('/') == std::string::npos && next_.name[0] != '.';
    if (plain && installed_) packages_.push_back(std::move(next_));
    next_ = {};
    installed_ = skipping_ = false;
  }

  std::vector<DpkgPackage> packages_;
  DpkgPackage next_;
  bool installed_ = false, skipping_ = false;
};

/// /lib/x and /usr/lib/x are one file where /lib is a symlink: a package has it under the name it was made with.
std::string other_name(const std::string& path) { return path.starts_with("/usr/") ? path.substr(4) : "/usr" + path; }

}  // namespace

std::vector<DpkgPackage> parse_dpkg_status(const std::string& text) { return StatusParser().parse(text); }

Result<std::optional<std::vector<DpkgPackage>>> owners_of(FileSystem& fs, const stdfs::path& root,
                                                          const std::set<std::string>& files) {
  const stdfs::path folder = root / "var/lib/dpkg";
  const auto status = read_file(fs, folder / "status", kMaxStatus);
  if (!status && status.error().code == Errc::not_found) return std::optional<std::vector<DpkgPackage>>();
  SLIPWAY_TRY(status);
  std::set<std::string, std::less<>> wanted;
  for (const std::string& file : files)
    wanted.insert({file, other_name(file)});
  std::vector<DpkgPackage> owners;
  for (DpkgPackage& package : parse_dpkg_status(*status)) {
    const std::string name = package.several_architectures ? package.name + ":" + package.architecture : package.name;
    const auto list = read_file(fs, folder / "info" / (name + ".list"), kMaxList);
    if (!list && list.error().code == Errc::not_found) continue;
    SLIPWAY_TRY(list);
    bool owns = false;
    each_line(*list, [&](std::string_view line) { owns = owns || wanted.find(line) != wanted.end(); });
    if (!owns) continue;
    if (const auto sums = read_file(fs, folder / "info" / (name + ".md5sums"), kMaxList)) {
      each_line(*sums, [&](std::string_view line) {
        const bool asked = line.size() > kBeforePath && wanted.contains("/" + std::string(line.substr(kBeforePath)));
        if (asked) package.sums += std::string(line) + "\n";
      });
    }
    owners.push_back(std::move(package));
  }
  std::sort(owners.begin(), owners.end(), [](const DpkgPackage& a, const DpkgPackage& b) {
    return std::pair(a.name, a.architecture) < std::pair(b.name, b.architecture);
  });
  return std::optional(std::move(owners));
}

}  // namespace slipway::builder
