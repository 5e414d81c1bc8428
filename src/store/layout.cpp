#include "slipway/store/layout.h"

#include <algorithm>
#include <set>

#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/blob_finder.h"
#include "store/blob_folder.h"
#include "store/documents.h"
#include "store/layout_index.h"

namespace slipway::store {
namespace {

constexpr std::string_view kLockFile = ".slipway.lock";

/// Refuses a folder without an oci-layout file. Two looks: a process that creates the layout may write oci-layout and
/// its first blob between the first look and the list of blobs.
Result<std::string> read_layout_file(FileSystem& fs, const stdfs::path& folder) {
  auto bytes = read_file(fs, folder / kLayoutFile, 64u << 10);
  if (bytes || bytes.error().code != Errc::not_found) return bytes;
  const std::string name = printable(folder.native(), 4096);
  if (!fs.stat(folder, true)) {
    return fail(Error(Errc::not_found, fmt::format("cannot open the image layout {}: it does not exist", name))
                    .with_hint("check the path; layouts are named oci:PATH:TAG"));
  }
  // A layout that is being created, or whose creator was killed, has no blobs yet.
  const auto blobs = fs.list(folder / "blobs" / "sha256");
  const bool has_blobs = blobs && !blobs->empty();
  bytes = read_file(fs, folder / kLayoutFile, 64u << 10);
  if (bytes || bytes.error().code != Errc::not_found) return bytes;
  if (has_blobs) {
    return fail(Error(Errc::verification_failed,
                      fmt::format("{} is a damaged image layout: it has blobs but no {}", name, kLayoutFile))
                    .with_hint("restore it from where it was copied from"));
  }
  return fail(Error(Errc::not_found, fmt::format("{} is not an OCI image layout: it has no {}", name, kLayoutFile))
                  .with_hint("check the path; layouts are named oci:PATH:TAG"));
}

Status check_version(FileSystem& fs, const stdfs::path& folder) {
  SLIPWAY_ASSIGN(const std::string bytes, read_layout_file(fs, folder));
  return check_layout_version(bytes, (folder / kLayoutFile).string());
}

class LayoutImpl final : public LayoutTarget, public BlobFinder {
 public:
  LayoutImpl(stdfs::path folder, LayoutOptions options)
      : folder_(std::move(folder)),
        fs_(*options.fs),
        record_(fs_, std::move(options.verified_record)),
        blobs_(fs_, folder_, record_) {}

  Status check() {
    SLIPWAY_TRY(check_version(fs_, folder_));
    SLIPWAY_TRY(blobs_.check());
    SLIPWAY_TRY(read_index());
    return {};
  }

  /// A crash while a layout was being made leaves either nothing or a layout without index.json.
  Status create() {
    SLIPWAY_TRY(make_durable_directories(fs_, folder_ / "blobs" / "sha256"));
    SLIPWAY_ASSIGN(const auto lock, fs_.lock(folder_ / kLockFile));
    if (!fs_.stat(folder_ / kIndexFile)) SLIPWAY_TRY(write_index(LayoutIndex::empty()));
    if (!fs_.stat(folder_ / kLayoutFile)) {
      SLIPWAY_TRY(write_file_atomically(fs_, folder_ / kLayoutFile, kLayoutJson));
    }
    return {};
  }

  void tidy() { blobs_.remove_stale_temporaries(); }

  std::string name() const override { return "oci:" + folder_.string(); }

  Result<oci::Descriptor> resolve(const TagOrDigest& reference) override {
    SLIPWAY_ASSIGN(const LayoutIndex index, read_index());
    if (const auto* tag_name = std::get_if<std::string>(&reference)) {
      const oci::Descriptor* entry = index.by_tag(*tag_name);
      if (entry != nullptr) return without_name(*entry);
      return fail(Error(Errc::not_found, fmt::format("{} has no tag \"{}\"", name(), printable(*tag_name, 150)))
                      .with_hint(fmt::format("list its tags with: slipway ls {}", name())));
    }
    return by_digest(index, std::get<Digest>(reference));
  }

  Result<bool> exists(const oci::Descriptor& descriptor) override {
    bool whole = true;
    SLIPWAY_TRY(walk_graph({descriptor}, [&](const oci::Descriptor& next) -> Result<std::vector<oci::Descriptor>> {
      if (!whole) return std::vector<oci::Descriptor>();
      SLIPWAY_ASSIGN(const bool there, blobs_.holds(next));
      const bool may_be_elsewhere = !next.urls.empty() && !next.same_content(descriptor);
      whole = there || may_be_elsewhere;
      return there ? children_of(*this, next) : std::vector<oci::Descriptor>();
    }));
    return whole;
  }

  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override {
    return blobs_.open(descriptor.digest, descriptor.size);
  }

  Result<std::int64_t> blob_size(const Digest& digest) override {
    auto size = blobs_.size_of(digest);
    if (size || size.error().code != Errc::not_found) return size;
    return fail(Errc::not_found, "{} has no blob {}", name(), digest.str());
  }

  Status push(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop) override {
    if (!oci::is_graph_node(descriptor.media_type)) return blobs_.store(descriptor, bytes, std::move(stop));
    if (descriptor.size > static_cast<std::int64_t>(oci::kMaxDocument)) {
      return fail(Errc::too_large, "manifest {} has {} bytes, the limit is {}", descriptor.digest.str(),
                  descriptor.size, oci::kMaxDocument);
    }
    SLIPWAY_ASSIGN(const std::string document, read_verified(descriptor, bytes, stop));
    io::TextSource source(document);
    SLIPWAY_TRY(require_children(*this, document, descriptor.media_type));
    SLIPWAY_TRY(blobs_.store(descriptor, source, std::move(stop)));
    SLIPWAY_ASSIGN(const oci::Document parsed, oci::parse_document(document, descriptor.media_type));
    // Nothing points to a referrer: only index.json makes it findable.
    if (oci::subject_of(parsed)) return keep_untagged(descriptor);
    return {};
  }

  Status tag(const oci::Descriptor& root, const std::string& tag_name) override {
    if (!oci::is_valid_ref_name(tag_name)) {
      return fail(Errc::invalid_argument, "\"{}\" is not a tag", printable(tag_name, 150));
    }
    SLIPWAY_ASSIGN(const bool there, blobs_.holds(root));
    if (!there) return fail(Errc::not_found, "cannot tag {} in {}: it does not exist", root.digest.str(), name());
    return change([&](LayoutIndex& index) -> Status {
      index.set_tag(without_name(root), tag_name);
      return {};
    });
  }

  Status keep_untagged(const oci::Descriptor& root) override {
    return change([&](LayoutIndex& index) -> Status {
      index.add(without_name(root));
      return {};
    });
  }

  Result<std::unique_ptr<BlobWriter>> start_blob(std::string media_type) override {
    return blobs_.start(std::move(media_type));
  }

  Result<std::vector<std::string>> list_tags() override {
    SLIPWAY_ASSIGN(const LayoutIndex index, read_index());
    return index.tags();
  }

  Result<std::vector<oci::Descriptor>> referrers(const Digest& subject, const std::string& artifact_type) override {
    SLIPWAY_ASSIGN(const LayoutIndex index, read_index());
    return referrers_among(*this, index.entries(), subject, artifact_type);
  }

  Status delete_tag(const std::string& tag_name) override {
    return change([&](LayoutIndex& index) -> Status {
      if (index.remove_tag(tag_name)) return {};
      return fail(Errc::not_found, "{} has no tag \"{}\"", name(), printable(tag_name, 150));
    });
  }

  Result<std::vector<oci::Descriptor>> roots() override {
    SLIPWAY_ASSIGN(const LayoutIndex index, read_index());
    return index.entries();
  }

  Result<std::vector<LayoutProblem>> validate() override {
    SLIPWAY_ASSIGN(const LayoutIndex index, read_index());
    std::vector<LayoutProblem> problems;
    SLIPWAY_TRY(walk_graph(index.entries(), [&](const oci::Descriptor& next) -> Result<std::vector<oci::Descriptor>> {
      auto children = check_blob(next);
      if (children) return children;
      problems.push_back({next.digest.str(), children.error().message});
      return std::vector<oci::Descriptor>();
    }));
    std::sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) { return a.object < b.object; });
    return problems;
  }

 private:
  Result<LayoutIndex> read_index() {
    auto bytes = read_file(fs_, folder_ / kIndexFile);
    if (!bytes && bytes.error().code == Errc::not_found) {
      return fail(Errc::verification_failed, "{} has no {}", name(), kIndexFile);
    }
    SLIPWAY_TRY(bytes);
    return LayoutIndex::parse(*bytes, (folder_ / kIndexFile).string());
  }

  Status write_index(const LayoutIndex& index) {
    return write_file_atomically(fs_, folder_ / kIndexFile, index.serialize());
  }

  /// Read, change and replace index.json while no other process does.
  Status change(const std::function<Status(LayoutIndex&)>& edit) {
    const std::scoped_lock guard(mutex_);
    SLIPWAY_ASSIGN(const auto lock, fs_.lock(folder_ / kLockFile));
    SLIPWAY_ASSIGN(LayoutIndex index, read_index());
    const std::string before = index.serialize();
    SLIPWAY_TRY(edit(index));
    if (index.serialize() != before) SLIPWAY_TRY(write_index(index));
    record_.save();
    return {};
  }

  Result<oci::Descriptor> by_digest(const LayoutIndex& index, const Digest& digest) {
    if (const oci::Descriptor* entry = index.by_digest(digest)) return without_name(*entry);
    const auto absent = [&] { return fail(Errc::not_found, "{} has no manifest {}", name(), digest.str()); };
    const auto size = blobs_.size_of(digest);
    if (!size && size.error().code == Errc::not_found) return absent();
    SLIPWAY_TRY(size);
    SLIPWAY_ASSIGN(const auto source, blobs_.open(digest, *size));
    return describe_document(*source, digest, name());
  }

  /// Hashes one blob; the children of a document.
  Result<std::vector<oci::Descriptor>> check_blob(const oci::Descriptor& descriptor) {
    if (oci::is_graph_node(descriptor.media_type)) return children_of(*this, descriptor);
    const Status status = blobs_.verify(descriptor);
    const bool foreign = !status && status.error().code == Errc::not_found && !descriptor.urls.empty();
    if (!foreign) SLIPWAY_TRY(status);
    return std::vector<oci::Descriptor>();
  }

  stdfs::path folder_;
  FileSystem& fs_;
  VerifiedRecord record_;
  BlobFolder blobs_;
  std::mutex mutex_;
};

}  // namespace

Result<std::shared_ptr<LayoutTarget>> LayoutTarget::open(const stdfs::path& folder, LayoutOptions options) {
  auto layout = std::make_shared<LayoutImpl>(folder, std::move(options));
  SLIPWAY_TRY(layout->check());
  return std::shared_ptr<LayoutTarget>(std::move(layout));
}

Result<std::shared_ptr<LayoutTarget>> LayoutTarget::open_or_create(const stdfs::path& folder, LayoutOptions options) {
  FileSystem& fs = *options.fs;
  auto layout = std::make_shared<LayoutImpl>(folder, std::move(options));
  const bool complete = fs.stat(folder / kLayoutFile).has_value() && fs.stat(folder / kIndexFile).has_value();
  if (!complete) {
    static const std::set<std::string, std::less<>> kOwn{std::string(kLayoutFile), std::string(kIndexFile),
                                                         std::string(kLockFile), ".slipway-locks", "blobs"};
    const auto names = fs.list(folder);
    for (const std::string& name : names.value_or(std::vector<std::string>{})) {
      if (kOwn.contains(name) || name.rfind(".tmp-", 0) == 0) continue;
      return fail(Error(Errc::invalid_argument, fmt::format("{} holds other files and is not an OCI image layout",
                                                            printable(folder.native(), 4096)))
                      .with_hint("name an empty folder, or one that does not exist yet"));
    }
    SLIPWAY_TRY(layout->create());
  }
  SLIPWAY_TRY(layout->check());
  layout->tidy();
  return std::shared_ptr<LayoutTarget>(std::move(layout));
}

Status forget_untagged(FileSystem& fs, const stdfs::path& folder, const std::vector<Digest>& roots) {
  const stdfs::path file = folder / kIndexFile;
  SLIPWAY_ASSIGN(const std::string bytes, read_file(fs, file, kMaxIndexBytes));
  SLIPWAY_ASSIGN(LayoutIndex index, LayoutIndex::parse(bytes, file.string()));
  for (const Digest& root : roots)
    index.remove_untagged(root);
  return write_file_atomically(fs, file, index.serialize());
}

}  // namespace slipway::store
