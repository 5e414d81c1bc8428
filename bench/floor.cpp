// The least that packing a tree can cost: reads every file with what its tar header says (size, mode), hashes as many
// bytes as tar and blob have, and compresses the same blocks with the same library and level, on as many threads as
// asked for. Writes nothing.
// usage: slipway_floor FOLDER none|gzip:N|zstd:N THREADS
#include <fcntl.h>
#include <libdeflate.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kBlock = 1u << 20;
constexpr std::size_t kTarBlock = 512;

struct Hash {
  Hash() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  ~Hash() { EVP_MD_CTX_free(context); }
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

/// Fills blocks with file after file; one thread at a time.
class Files {
 public:
  explicit Files(const char* folder) : next_(folder) {}
  std::size_t fill(std::vector<char>& block) {
    const std::scoped_lock lock(mutex_);
    std::size_t size = 0;
    while (size < block.size()) {
      if (!pending_.empty()) {
        const std::size_t n = std::min(pending_.size(), block.size() - size);
        pending_.copy(block.data() + size, n);
        pending_.erase(0, n);
        size += n;
        continue;
      }
      if (fd_ < 0 && !open_next()) break;
      if (fd_ < 0) continue;
      const ssize_t n = ::read(fd_, block.data() + size, block.size() - size);
      if (n > 0) {
        size += static_cast<std::size_t>(n);
        file_size_ += static_cast<std::size_t>(n);
        continue;
      }
      ::close(fd_);
      fd_ = -1;
      pending_.assign((kTarBlock - file_size_ % kTarBlock) % kTarBlock, '\0');
    }
    EVP_DigestUpdate(hash_.context, block.data(), size);
    return size;
  }
  void hash_output(const void* data, std::size_t size) {
    const std::scoped_lock lock(output_);
    EVP_DigestUpdate(output_hash_.context, data, size);
  }

 private:
  /// Everything has a header; a file is opened too.
  bool open_next() {
    if (next_ == std::filesystem::recursive_directory_iterator()) return false;
    const std::string path = next_->path().native();
    struct stat st {};
    if (next_->is_regular_file() && !next_->is_symlink()) {
      fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      if (fd_ < 0 || ::fstat(fd_, &st) != 0) return false;
    }
    file_size_ = 0;
    pending_.assign(kTarBlock, '\0');
    std::snprintf(pending_.data(), kTarBlock, "%.99s", path.c_str());
    std::snprintf(pending_.data() + 100, kTarBlock - 100, "%07o%c%07o%c%07o%c%011llo%c%011o%c%06o", st.st_mode & 07777,
                  0, 0, 0, 0, 0, static_cast<unsigned long long>(st.st_size), 0, 0, 0, 0);
    ++next_;
    return true;
  }

  std::filesystem::recursive_directory_iterator next_;
  int fd_ = -1;
  std::size_t file_size_ = 0;  // bytes read of it
  std::string pending_;        // header or padding to come first
  std::mutex mutex_, output_;
  Hash hash_, output_hash_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: slipway_floor FOLDER none|gzip:N|zstd:N THREADS\n"), 2;
  const std::string how = argv[2];
  const int level = how.size() > 5 ? std::atoi(how.c_str() + 5) : 0;
  Files files(argv[1]);
  std::atomic<std::size_t> total{0}, packed{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < std::atoi(argv[3]); ++t) {
    threads.emplace_back([&] {
      std::vector<char> in(kBlock), out(2 * kBlock);
      libdeflate_compressor* const gzip = how[0] == 'g' ? libdeflate_alloc_compressor(level) : nullptr;
      ZSTD_CCtx* const zstd = how[0] == 'z' ? ZSTD_createCCtx() : nullptr;
      while (const std::size_t n = files.fill(in)) {
        std::size_t size = n;
        if (gzip != nullptr) size = libdeflate_gzip_compress(gzip, in.data(), n, out.data(), out.size());
        if (zstd != nullptr) size = ZSTD_compressCCtx(zstd, out.data(), out.size(), in.data(), n, level);
        files.hash_output(gzip == nullptr && zstd == nullptr ? in.data() : out.data(), size);
        total += n;
        packed += size;
      }
      libdeflate_free_compressor(gzip);
      ZSTD_freeCCtx(zstd);
    });
  }
  threads.clear();
  std::printf("%zu %zu\n", total.load(), packed.load());
}
