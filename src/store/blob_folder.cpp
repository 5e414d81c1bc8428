#include "store/blob_folder.h"

#include "slipway/base/temporary.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"

namespace slipway::store {

/// A file being written, removed unless it was published.
class TemporaryBlob {
 public:
  TemporaryBlob(FileSystem& fs, stdfs::path path, std::unique_ptr<File> file)
      : fs_(fs), path_(std::move(path)), file_(std::move(file)) {}
  TemporaryBlob(const TemporaryBlob&) = delete;
  TemporaryBlob& operator=(const TemporaryBlob&) = delete;
  ~TemporaryBlob() {
    file_.reset();
    if (!published_) (void)fs_.remove(path_).has_value();
  }
  File& file() { return *file_; }
  const stdfs::path& path() const { return path_; }
  void published() { published_ = true; }

 private:
  FileSystem& fs_;
  stdfs::path path_;
  std::unique_ptr<File> file_;
  bool published_ = false;
};

namespace {

/// Tells what to do about a blob that is not what its name says.
class AdvisingSource final : public io::Source {
 public:
  AdvisingSource(std::unique_ptr<io::Source> inner, std::string advice)
      : inner_(std::move(inner)), advice_(std::move(advice)) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    auto n = inner_->read(buffer);
    if (!n && n.error().code == Errc::verification_failed) return fail(std::move(n).error().with_hint(advice_));
    return n;
  }

 private:
  std::unique_ptr<io::Source> inner_;
  std::string advice_;
};

Result<std::unique_ptr<TemporaryBlob>> make_temporary(FileSystem& fs, const stdfs::path& layout) {
  stdfs::path path = temporary_name(layout);
  SLIPWAY_ASSIGN(auto file, fs.create(path));
  return std::make_unique<TemporaryBlob>(fs, std::move(path), std::move(file));
}

}  // namespace

/// Streams into a temporary file while hashing.
class LayoutBlobWriter final : public BlobWriter {
 public:
  LayoutBlobWriter(BlobFolder& folder, std::unique_ptr<TemporaryBlob> temporary, std::string media_type)
      : folder_(folder), temporary_(std::move(temporary)), descriptor_(std::move(media_type), io::digest_of(""), 0) {}

  Status write(io::Bytes bytes) override {
    hasher_.update(bytes);
    descriptor_.size += static_cast<std::int64_t>(bytes.size());
    return temporary_->file().write(bytes);
  }

  Status finish() override {
    SLIPWAY_TRY(temporary_->file().sync());
    descriptor_.digest = hasher_.finish();
    SLIPWAY_TRY(folder_.publish(*temporary_, descriptor_.digest));
    return {};
  }

  const oci::Descriptor& descriptor() const override { return descriptor_; }

 private:
  BlobFolder& folder_;
  std::unique_ptr<TemporaryBlob> temporary_;
  oci::Descriptor descriptor_;
  io::Hasher hasher_;
};

BlobFolder::BlobFolder(FileSystem& fs, stdfs::path layout, VerifiedRecord& record)
    : fs_(fs), layout_(std::move(layout)), record_(record) {}

Status BlobFolder::check() const {
  for (const char* name : {"blobs", "blobs/sha256", "blobs/sha512"}) {
    const auto st = fs_.stat(layout_ / name);
    if (st && st->type != FileType::directory) {
      return fail(Errc::verification_failed, "{} is not a folder: the layout cannot be trusted",
                  (layout_ / name).string());
    }
  }
  return {};
}

stdfs::path BlobFolder::path_of(const Digest& digest) const {
  return layout_ / "blobs" / std::string(digest.algorithm()) / std::string(digest.hex());
}

Result<bool> BlobFolder::holds(const oci::Descriptor& descriptor) {
  const auto st = fs_.stat(path_of(descriptor.digest));
  if (!st) {
    if (st.error().code == Errc::not_found) return false;
    return fail(st.error());
  }
  // A file that is not what its name says is as good as absent: it will be written again.
  if (st->type != FileType::regular || st->size != static_cast<std::uint64_t>(descriptor.size)) return false;
  if (record_.holds(descriptor.digest, *st)) return true;
  const Status verified = verify(descriptor);
  if (!verified && verified.error().code == Errc::verification_failed) return false;
  SLIPWAY_TRY(verified);
  return true;
}

Result<std::int64_t> BlobFolder::size_of(const Digest& digest) {
  SLIPWAY_ASSIGN(const FileStat st, fs_.stat(path_of(digest)));
  if (st.type != FileType::regular) {
    return fail(Errc::verification_failed, "{} is not a regular file", path_of(digest).string());
  }
  return static_cast<std::int64_t>(st.size);
}

Result<std::unique_ptr<io::Source>> BlobFolder::open(const Digest& digest, std::int64_t size) {
  auto file = fs_.open(path_of(digest), false);
  const std::string advice =
      fmt::format("push or copy the image to oci:{} again: that replaces the blob", layout_.string());
  if (!file && file.error().code == Errc::not_found) {
    return fail(Error(Errc::not_found, fmt::format("the layout {} has no blob {}", layout_.string(), digest.str()))
                    .with_hint(advice));
  }
  SLIPWAY_TRY(file);
  auto verifying =
      std::make_unique<io::VerifyingSource>(std::make_unique<io::FileSource>(*std::move(file)), digest, size,
                                            fmt::format("blob {} of the layout {}", digest.str(), layout_.string()));
  return std::unique_ptr<io::Source>(std::make_unique<AdvisingSource>(std::move(verifying), advice));
}

Status BlobFolder::verify(const oci::Descriptor& descriptor) {
  SLIPWAY_ASSIGN(auto file, fs_.open(path_of(descriptor.digest), false));
  SLIPWAY_ASSIGN(const FileStat before, file->stat());
  io::VerifyingSource source(std::make_unique<io::FileSource>(std::move(file)), descriptor.digest, descriptor.size,
                             "blob " + descriptor.digest.str());
  io::NullSink nowhere;
  SLIPWAY_TRY(io::copy(source, nowhere));
  record_.add(descriptor.digest, before);
  return {};
}

Status BlobFolder::store(const oci::Descriptor& descriptor, io::Source& bytes, std::stop_token stop) {
  SLIPWAY_ASSIGN(const auto temporary, make_temporary(fs_, layout_));
  std::vector<std::byte> buffer(io::kBlock);
  io::Hasher hasher(descriptor.digest.algorithm());
  std::int64_t size = 0;
  while (true) {
    if (stop.stop_requested()) return fail(Errc::cancelled, "interrupted");
    SLIPWAY_ASSIGN(const std::size_t n, bytes.read(buffer));
    if (n == 0) break;
    size += static_cast<std::int64_t>(n);
    if (size > descriptor.size) break;
    hasher.update(std::span(buffer).first(n));
    SLIPWAY_TRY(temporary->file().write(std::span(buffer).first(n)));
  }
  if (size != descriptor.size) {
    return fail(Errc::verification_failed, "content pushed as {} has {}{} bytes, its descriptor promises {}",
                descriptor.digest.str(), size > descriptor.size ? "at least " : "", size, descriptor.size);
  }
  const Digest found = hasher.finish();
  if (found != descriptor.digest) {
    return fail(Errc::verification_failed, "content pushed as {} hashes to {}", descriptor.digest.str(), found.str());
  }
  SLIPWAY_TRY(temporary->file().sync());
  return publish(*temporary, descriptor.digest);
}

Status BlobFolder::publish(TemporaryBlob& temporary, const Digest& digest) {
  const stdfs::path final_path = path_of(digest);
  const stdfs::path parent = final_path.parent_path();
  if (!fs_.stat(parent)) {
    SLIPWAY_TRY(fs_.make_directories(parent));
    SLIPWAY_TRY(fs_.sync_directory(parent.parent_path()));
  }
  SLIPWAY_ASSIGN(const FileStat hashed, temporary.file().stat());
  SLIPWAY_TRY(fs_.rename(temporary.path(), final_path));
  temporary.published();
  SLIPWAY_TRY(fs_.sync_directory(parent));
  // Renaming changes ctime, so the name is asked again; it may be another writer's file by now.
  const auto placed = fs_.stat(final_path);
  if (placed && placed->device == hashed.device && placed->inode == hashed.inode && placed->size == hashed.size &&
      placed->mtime_ns == hashed.mtime_ns) {
    record_.add(digest, *placed);
  }
  return {};
}

Result<std::unique_ptr<BlobWriter>> BlobFolder::start(std::string media_type) {
  SLIPWAY_ASSIGN(auto temporary, make_temporary(fs_, layout_));
  return std::unique_ptr<BlobWriter>(
      std::make_unique<LayoutBlobWriter>(*this, std::move(temporary), std::move(media_type)));
}

void BlobFolder::remove_stale_temporaries() {
  const auto names = fs_.list(layout_);
  if (!names) return;
  for (const std::string& name : *names) {
    const auto dead = take_stale_temporary(layout_ / name);
    if (dead) (void)fs_.remove(layout_ / name).has_value();
  }
}

}  // namespace slipway::store
