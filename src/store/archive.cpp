#include "slipway/store/archive.h"

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "slipway/base/text.h"
#include "slipway/io/compress.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/blob_finder.h"
#include "store/docker_manifest.h"
#include "store/documents.h"
#include "store/layout_index.h"
#include "store/tar_index.h"

namespace slipway::store {
namespace {

constexpr std::string_view kBlobs = "blobs/";

/// A blob's digest from the name of its member.
std::optional<Digest> digest_of_member(const std::string& name) {
  if (name.rfind(kBlobs, 0) != 0) return std::nullopt;
  std::string text = name.substr(kBlobs.size());
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  text[slash] = ':';
  auto digest = Digest::parse(text);
  return digest ? std::optional<Digest>(*std::move(digest)) : std::nullopt;
}

std::string member_of(const Digest& digest) { return fmt::format("{}{}/{}", kBlobs, digest.algorithm(), digest.hex()); }

class ArchiveImpl final : public ArchiveTarget, public BlobFinder {
 public:
  ArchiveImpl(stdfs::path file, ArchiveOptions options)
      : file_(std::move(file)),
        options_(options),
        fs_(*options.fs),
        spool_(fs_, is_stream() ? options.spool_folder : folder()),
        index_(LayoutIndex::empty()) {}

  Status load() {
    SLIPWAY_ASSIGN(const Extent tar, open_tar());
    SLIPWAY_ASSIGN(TarIndex members, index_tar(tar, name()));
    const auto layout = members.find(std::string(kLayoutFile));
    const auto index = members.find(std::string(kIndexFile));
    if (layout != members.end() && index != members.end()) {
      SLIPWAY_TRY(load_layout(layout->second, index->second));
      for (const auto& [member, extent] : members) {
        if (const auto digest = digest_of_member(member)) blobs_.emplace(*digest, extent);
      }
      written_ = !is_stream();
      return {};
    }
    const bool docker = members.contains(std::string(kDockerManifestFile));
    if (docker && options_.kind == ArchiveKind::docker) return load_foreign(members);
    return fail(Error(Errc::malformed, fmt::format("{} is not an image archive: it has no {}", name(), kLayoutFile))
                    .with_hint(docker ? "read it as docker-archive:FILE" : "make it with: slipway copy SRC " + name()));
  }

  bool is_computed() const override { return computed_; }

  std::string name() const override {
    return (options_.kind == ArchiveKind::docker ? "docker-archive:" : "oci-archive:") + file_.string();
  }

  Result<oci::Descriptor> resolve(const TagOrDigest& reference) override {
    const std::scoped_lock lock(mutex_);
    if (const auto* digest = std::get_if<Digest>(&reference)) {
      if (const oci::Descriptor* entry = index_.by_digest(*digest)) return without_name(*entry);
      return inner_document(*digest);
    }
    const std::string& text = std::get<std::string>(reference);
    SLIPWAY_ASSIGN(const std::string tag_name, tag_named(text));
    if (const oci::Descriptor* entry = index_.by_tag(tag_name)) return without_name(*entry);
    return fail(Error(Errc::not_found, fmt::format("{} has no tag \"{}\"", name(), printable(text, 150)))
                    .with_hint(fmt::format("list its tags with: slipway ls {}", name())));
  }

  Result<bool> exists(const oci::Descriptor& descriptor) override {
    const std::scoped_lock lock(mutex_);
    const auto at = blobs_.find(descriptor.digest);
    return at != blobs_.end() && at->second.size == static_cast<std::uint64_t>(descriptor.size);
  }

  Result<std::int64_t> blob_size(const Digest& digest) override {
    const std::scoped_lock lock(mutex_);
    const auto at = blobs_.find(digest);
    if (at == blobs_.end()) return fail(Errc::not_found, "{} has no blob {}", name(), digest.str());
    return static_cast<std::int64_t>(at->second.size);
  }

  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override {
    const std::scoped_lock lock(mutex_);
    const auto at = blobs_.find(descriptor.digest);
    if (at == blobs_.end()) return fail(Errc::not_found, "{} has no blob {}", name(), descriptor.digest.str());
    return std::unique_ptr<io::Source>(std::make_unique<io::VerifyingSource>(
        at->second.open(), descriptor.digest, descriptor.size, "blob " + descriptor.digest.str() + " of " + name()));
  }

  Status push(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop) override {
    if (!oci::is_graph_node(descriptor.media_type)) {
      const auto checked = verified(descriptor, bytes);
      return take(descriptor, *checked, std::move(stop));
    }
    if (descriptor.size > static_cast<std::int64_t>(oci::kMaxDocument)) {
      return fail(Errc::too_large, "manifest {} has {} bytes, the limit is {}", descriptor.digest.str(),
                  descriptor.size, oci::kMaxDocument);
    }
    SLIPWAY_ASSIGN(const std::string document, read_verified(descriptor, bytes, stop));
    SLIPWAY_TRY(require_children(*this, document, descriptor.media_type));
    io::TextSource source(document);
    SLIPWAY_TRY(take(descriptor, source, std::move(stop)));
    SLIPWAY_ASSIGN(const oci::Document parsed, oci::parse_document(document, descriptor.media_type));
    if (!oci::subject_of(parsed)) return {};
    // Nothing points to a referrer: only index.json makes it findable. It is written with the image's tag.
    const std::scoped_lock lock(mutex_);
    index_.add(without_name(descriptor));
    written_ = false;
    return {};
  }

  Status tag(const oci::Descriptor& root, const std::string& text) override {
    SLIPWAY_ASSIGN(const std::string tag_name, tag_named(text));
    if (!oci::is_valid_ref_name(tag_name)) {
      return fail(Errc::invalid_argument, "\"{}\" is not a tag", printable(text, 150));
    }
    SLIPWAY_ASSIGN(const bool there, exists(root));
    if (!there) return fail(Errc::not_found, "cannot tag {} in {}: it does not exist", root.digest.str(), name());
    return change([&](LayoutIndex& index) -> Status {
      const oci::Descriptor* now = index.by_tag(tag_name);
      if (now != nullptr && now->digest != root.digest) index.remove_tag(tag_name);
      index.set_tag(named(without_name(root), tag_name), tag_name);
      return {};
    });
  }

  Status keep_untagged(const oci::Descriptor& root) override {
    return change([&](LayoutIndex& index) -> Status {
      index.add(without_name(root));
      return {};
    });
  }

  Result<std::vector<std::string>> list_tags() override {
    const std::scoped_lock lock(mutex_);
    return index_.tags();
  }

  Result<std::vector<oci::Descriptor>> roots() override {
    const std::scoped_lock lock(mutex_);
    return index_.entries();
  }

  Result<std::vector<oci::Descriptor>> referrers(const Digest& subject, const std::string& artifact_type) override {
    SLIPWAY_ASSIGN(const auto entries, roots());
    return referrers_among(*this, entries, subject, artifact_type);
  }

  Status delete_tag(const std::string& text) override {
    SLIPWAY_ASSIGN(const std::string tag_name, tag_named(text));
    return change([&](LayoutIndex& index) -> Status {
      if (index.remove_tag(tag_name)) return {};
      return fail(Errc::not_found, "{} has no tag \"{}\"", name(), printable(text, 150));
    });
  }

 private:
  bool is_stream() const { return file_ == "-"; }
  stdfs::path folder() const { return file_.has_parent_path() ? file_.parent_path() : stdfs::path("."); }

  /// The plain tar: the file itself, or what is spooled of a compressed one and of standard input.
  Result<Extent> open_tar() {
    if (is_stream()) {
      if (options_.standard_input == nullptr) return fail(Errc::unsupported, "standard input cannot be read here");
      SLIPWAY_ASSIGN(const auto plain, decompressed(borrowed(*options_.standard_input)));
      return Spool(fs_, options_.spool_folder).keep_all(*plain);
    }
    SLIPWAY_ASSIGN(auto opened, fs_.open(file_));
    auto file = std::make_shared<SharedFile>(std::move(opened));
    SLIPWAY_ASSIGN(found_, file->stat());
    Extent whole{file, 0, found_->size};
    std::array<std::byte, 6> magic{};
    SLIPWAY_ASSIGN(const std::size_t n, file->read_at(magic, 0));
    const std::string_view head = io::as_text(io::Bytes(magic).first(n));
    const auto starts_with_any = [&](std::initializer_list<std::string_view> starts) {
      return std::any_of(starts.begin(), starts.end(), [&](std::string_view start) { return head.starts_with(start); });
    };
    if (!starts_with_any({"\x1f\x8b", "\x28\xb5\x2f\xfd", "BZh",
                          "\xfd"
                          "7zXZ"}))
      return whole;
    SLIPWAY_ASSIGN(const auto plain, decompressed(whole.open()));
    return Spool(fs_, options_.spool_folder).keep_all(*plain);
  }

  Result<std::unique_ptr<io::Source>> decompressed(std::unique_ptr<io::Source> archive) const {
    return options_.decompress ? options_.decompress(std::move(archive), name()) : io::decompressor(std::move(archive));
  }

  Status load_layout(const Extent& layout, const Extent& index) {
    const auto layout_source = layout.open();
    SLIPWAY_ASSIGN(const std::string version, io::read_all(*layout_source, 64u << 10));
    SLIPWAY_TRY(check_layout_version(version, fmt::format("{}: {}", name(), kLayoutFile)));
    const auto index_source = index.open();
    SLIPWAY_ASSIGN(std::string text, io::read_all(*index_source, kMaxIndexBytes));
    const std::string what = fmt::format("{}: {}", name(), kIndexFile);
    if (options_.kind == ArchiveKind::docker) {
      SLIPWAY_ASSIGN(text, with_whole_names(text, what));
    }
    SLIPWAY_ASSIGN(index_, LayoutIndex::parse(text, what));
    return {};
  }

  Status load_foreign(const TarIndex& members) {
    computed_ = true;
    SLIPWAY_ASSIGN(const auto images, compute_images(members, name()));
    for (const ComputedImage& image : images) {
      for (const auto& [descriptor, extent] : image.blobs)
        blobs_.emplace(descriptor.digest, extent);
      const oci::Descriptor root(std::string(oci::kManifestType), io::digest_of(image.manifest),
                                 static_cast<std::int64_t>(image.manifest.size()));
      io::TextSource text(image.manifest);
      SLIPWAY_TRY(take(root, text, {}));
      for (const std::string& tag_name : image.names)
        index_.set_tag(root, tag_name);
      if (image.names.empty()) index_.add(root);
    }
    return {};
  }

  Status take(const oci::Descriptor& descriptor, io::Source& bytes, std::stop_token stop) {
    SLIPWAY_ASSIGN(Extent extent, spool_.keep(bytes, static_cast<std::uint64_t>(descriptor.size), std::move(stop)));
    const std::scoped_lock lock(mutex_);
    blobs_.insert_or_assign(descriptor.digest, std::move(extent));
    return {};
  }

  /// docker names images by whole references.
  Result<std::string> tag_named(const std::string& text) const {
    return options_.kind == ArchiveKind::docker ? whole_name(text) : Result<std::string>(text);
  }

  oci::Descriptor named(oci::Descriptor root, const std::string& tag_name) const {
    if (options_.kind == ArchiveKind::docker) root.annotations.insert_or_assign(std::string(kContainerdName), tag_name);
    return root;
  }

  /// A document that no entry of index.json names.
  Result<oci::Descriptor> inner_document(const Digest& digest) {
    const auto at = blobs_.find(digest);
    if (at == blobs_.end()) return fail(Errc::not_found, "{} has no manifest {}", name(), digest.str());
    const auto size = static_cast<std::int64_t>(at->second.size);
    io::VerifyingSource source(at->second.open(), digest, size, "manifest " + digest.str());
    return describe_document(source, digest, name());
  }

  /// Changes the index and writes the archive; a failure changes nothing.
  Status change(const std::function<Status(LayoutIndex&)>& edit) {
    const std::scoped_lock one_at_a_time(change_mutex_);
    LayoutIndex index = LayoutIndex::empty();
    {
      const std::scoped_lock lock(mutex_);
      index = index_;
    }
    const std::string before = index.serialize();
    SLIPWAY_TRY(edit(index));
    if (written_ && !is_stream() && index.serialize() == before) return {};
    SLIPWAY_TRY(write(index));
    const std::scoped_lock lock(mutex_);
    index_ = std::move(index);
    written_ = true;
    return {};
  }

  Status write(const LayoutIndex& index) {
    if (computed_) {
      return fail(
          Error(Errc::unsupported, name() + " was made by an older docker and cannot be written")
              .with_hint(fmt::format("copy its images to a new file: slipway copy {} oci-archive:FILE", name())));
    }
    if (is_stream()) {
      if (written_ || options_.standard_output == nullptr) {
        return fail(Error(Errc::unsupported, "standard output can hold one archive, written once")
                        .with_hint("write to a file, such as docker-archive:FILE.tar, or name one tag"));
      }
      SLIPWAY_TRY(write_tar(index, *options_.standard_output));
      return options_.standard_output->finish();
    }
    SLIPWAY_TRY(check_unchanged());
    return replace_file(index);
  }

  Status replace_file(const LayoutIndex& index) {
    const stdfs::path path = temporary_name(folder());
    SLIPWAY_ASSIGN(auto file, fs_.create(path));
    io::FileSink sink(*file);
    Status done = write_tar(index, sink);
    if (done) done = sink.finish();
    if (done) done = fs_.rename(path, file_);
    if (!done) {
      (void)fs_.remove(path).has_value();
      return fail(std::move(done).error().in("writing " + name()));
    }
    SLIPWAY_ASSIGN(found_, file->stat());
    return fs_.sync_directory(folder());
  }

  /// Another writer's images must not be lost.
  Status check_unchanged() {
    const auto now = fs_.stat(file_, true);
    if (!now && now.error().code != Errc::not_found) return fail(now.error());
    const bool same = now.has_value() == found_.has_value() &&
                      (!now || (now->inode == found_->inode && now->mtime_ns == found_->mtime_ns));
    if (same) return {};
    return fail(Error(Errc::conflict, name() + " was changed by somebody else in the meantime")
                    .with_hint("run the command again"));
  }

  Status write_tar(const LayoutIndex& index, io::Sink& to) {
    SLIPWAY_ASSIGN(const auto reachable, reachable_from(index));
    std::map<std::string, std::string> texts{{std::string(kLayoutFile), std::string(kLayoutJson)},
                                             {std::string(kIndexFile), index.serialize()}};
    if (options_.kind == ArchiveKind::docker) {
      const auto read = [this](const oci::Descriptor& descriptor) { return read_document(*this, descriptor); };
      SLIPWAY_ASSIGN(texts[std::string(kDockerManifestFile)], docker_manifest_json(index.entries(), read));
    }
    TarWriter tar(to);
    for (const auto& [member, descriptor] : reachable) {
      SLIPWAY_ASSIGN(const auto source, fetch(descriptor));
      SLIPWAY_TRY(tar.file(member, static_cast<std::uint64_t>(descriptor.size), *source));
    }
    for (const auto& [member, text] : texts) {
      io::TextSource source(text);
      SLIPWAY_TRY(tar.file(member, text.size(), source));
    }
    return tar.end();
  }

  /// Every blob that is there and belongs to an entry, by its member's name.
  Result<std::map<std::string, oci::Descriptor>> reachable_from(const LayoutIndex& index) {
    std::map<std::string, oci::Descriptor> found;
    SLIPWAY_TRY(walk_graph(index.entries(), [&](const oci::Descriptor& next) -> Result<std::vector<oci::Descriptor>> {
      SLIPWAY_ASSIGN(const bool there, exists(next));
      if (!there) return std::vector<oci::Descriptor>();
      found.emplace(member_of(next.digest), next);
      return children_of(*this, next);
    }));
    return found;
  }

  stdfs::path file_;
  ArchiveOptions options_;
  FileSystem& fs_;
  Spool spool_;
  bool computed_ = false;
  std::atomic<bool> written_{false};  // index_ is what the file says
  std::optional<FileStat> found_;     // the file as it was read or written
  std::mutex change_mutex_;
  std::mutex mutex_;
  LayoutIndex index_;
  std::map<Digest, Extent> blobs_;
};

}  // namespace

Result<std::shared_ptr<ArchiveTarget>> ArchiveTarget::open(const stdfs::path& file, ArchiveOptions options) {
  auto archive = std::make_shared<ArchiveImpl>(file, options);
  SLIPWAY_TRY(archive->load());
  return std::shared_ptr<ArchiveTarget>(std::move(archive));
}

Result<std::shared_ptr<ArchiveTarget>> ArchiveTarget::open_or_create(const stdfs::path& file, ArchiveOptions options) {
  if (file != "-" && options.fs->stat(file, true)) return open(file, options);
  return std::shared_ptr<ArchiveTarget>(std::make_shared<ArchiveImpl>(file, options));
}

}  // namespace slipway::store
