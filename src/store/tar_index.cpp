#include "store/tar_index.h"

#include <algorithm>
#include <optional>

#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/tar/member.h"

namespace slipway::store {
namespace {

constexpr std::size_t kMaxMembers = 65'536;
constexpr std::size_t kMaxName = 4096;
constexpr std::size_t kNameWidth = 100;

/// A member's name without "./" and doubled slashes; nullopt where it leads out of the archive.
std::optional<std::string> clean_name(std::string_view name, std::string_view base = "") {
  if (name.size() > kMaxName || name.find('\0') != std::string_view::npos) return std::nullopt;
  if (!name.empty() && name.front() == '/') return std::nullopt;
  std::vector<std::string> parts;
  for (const std::string_view text : {base, name}) {
    for (const std::string& part : split(text, '/')) {
      if (part.empty() || part == ".") continue;
      if (part != "..") {
        parts.push_back(part);
        continue;
      }
      // Only a link has a base: its target may climb, but not out.
      if (base.empty() || parts.empty()) return std::nullopt;
      parts.pop_back();
    }
  }
  return fmt::format("{}", fmt::join(parts, "/"));
}

/// Reads one archive from header to header; contents are passed over.
class TarScan {
 public:
  TarScan(const Extent& tar, const std::string& what) : tar_(tar), what_(what) {}

  Result<TarIndex> run() {
    tar::MemberReader reader([this](std::span<char> to) { return fill(to); });
    while (true) {
      auto next = reader.next();
      if (!next && !failed_) return bad(next.error().message);
      SLIPWAY_TRY(next);
      if (!*next) break;
      SLIPWAY_TRY(member(**next));
    }
    if (at_ < reader.end() + tar::kBlock) return bad("it ends early");
    follow_links();
    return std::move(files_);
  }

 private:
  tl::unexpected<Error> bad(std::string_view why) const {
    return fail(Error(Errc::malformed, fmt::format("{} is a damaged tar archive: {} (at byte {})", what_, why, at_))
                    .with_hint("write it again: slipway copy SRC oci-archive:FILE"));
  }

  Result<std::size_t> fill(std::span<char> to) {
    const std::uint64_t left = tar_.size - std::min(at_, tar_.size);
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, to.size()));
    std::size_t done = 0;
    failed_ = true;
    while (done < wanted) {
      const auto buffer = std::as_writable_bytes(to.subspan(done, wanted - done));
      SLIPWAY_ASSIGN(const std::size_t n, tar_.file->read_at(buffer, tar_.offset + at_));
      if (n == 0) break;
      done += n;
      at_ += n;
    }
    failed_ = false;
    return done;
  }

  Status member(const tar::Member& member) {
    if (++members_ > kMaxMembers) return fail(Errc::too_large, "{} has more than {} members", what_, kMaxMembers);
    const std::uint64_t start = at_;
    if (tar_.size - at_ < member.size) return bad("it ends early");
    at_ += std::min(member.size + tar::padding(member.size), tar_.size - at_);
    const auto name = clean_name(member.path);
    if (!name) return bad(fmt::format("the name \"{}\" leads out of it", printable(member.path, 150)));
    switch (member.type) {
      case tar::MemberType::folder:
        return {};
      case tar::MemberType::hard_link:
      case tar::MemberType::symlink:
        return link(*name, member.link, member.type == tar::MemberType::symlink);
      case tar::MemberType::file:
        break;
      default:
        return bad(fmt::format("\"{}\" is not a file", printable(*name, 150)));
    }
    const Extent extent{tar_.file, tar_.offset + start, member.size};
    if (files_.emplace(*name, extent).second) return {};
    return bad(fmt::format("\"{}\" is in it twice", printable(*name, 150)));
  }

  Status link(const std::string& name, const std::string& target, bool symbolic) {
    const std::size_t slash = name.rfind('/');
    const std::string base = symbolic && slash != std::string::npos ? name.substr(0, slash) : "";
    const auto there = clean_name(target, base);
    if (!there) return bad(fmt::format("the link \"{}\" leads out of it", printable(name, 150)));
    links_.insert_or_assign(name, *there);
    return {};
  }

  void follow_links() {
    constexpr int kMaxHops = 8;
    for (const auto& [name, first] : links_) {
      std::string target = first;
      for (int hop = 0; hop < kMaxHops; ++hop) {
        const auto at = links_.find(target);
        if (at == links_.end()) break;
        target = at->second;
      }
      if (const auto at = files_.find(target); at != files_.end()) files_.emplace(name, at->second);
    }
  }

  const Extent& tar_;
  const std::string& what_;
  std::uint64_t at_ = 0;
  bool failed_ = false;  // reading the file did
  std::size_t members_ = 0;
  std::map<std::string, std::string> links_;
  TarIndex files_;
};

/// Headers as docker and skopeo write them: no owner, no time, no device numbers.
constexpr tar::HeaderStyle kStyle{.devices = false, .gnu_sizes = true};

std::string header_block(const std::string& name, std::uint64_t size, char type) {
  tar::Header header;
  header.name = name;
  header.type = type;
  header.mode = type == '5' ? 0755 : 0644;
  header.size = size;
  return tar::encode_header(header, kStyle);
}

}  // namespace

Result<TarIndex> index_tar(const Extent& tar, const std::string& what) { return TarScan(tar, what).run(); }

Status TarWriter::folders_of(const std::string& name) {
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    const std::string folder = name.substr(0, slash + 1);
    if (folder_.rfind(folder, 0) == 0) continue;
    SLIPWAY_TRY(to_.write(io::as_bytes(header_block(folder, 0, '5'))));
    folder_ = folder;
  }
  return {};
}

Status TarWriter::file(const std::string& name, std::uint64_t size, io::Source& bytes) {
  SLIPWAY_TRY(folders_of(name));
  if (name.size() > kNameWidth) {
    SLIPWAY_TRY(to_.write(io::as_bytes(tar::encode_pax_header({{"path", name}}, kStyle))));
  }
  SLIPWAY_TRY(to_.write(io::as_bytes(header_block(name, size, '0'))));
  SLIPWAY_ASSIGN(const std::uint64_t written, io::copy(bytes, to_));
  if (written != size) return fail(Errc::verification_failed, "{} has {} bytes instead of {}", name, written, size);
  return pad(written);
}

Status TarWriter::pad(std::uint64_t written) {
  const std::string zeros(static_cast<std::size_t>(tar::padding(written)), '\0');
  return zeros.empty() ? Status() : to_.write(io::as_bytes(zeros));
}

Status TarWriter::end() { return to_.write(io::as_bytes(std::string(2 * tar::kBlock, '\0'))); }

}  // namespace slipway::store
