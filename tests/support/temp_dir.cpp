#include "support/temp_dir.h"

#include "slipway/base/rng.h"

namespace slipway::test {

TempDir::TempDir() : path_(std::filesystem::temp_directory_path() / ("slipway-test-" + system_rng().name(12))) {
  std::filesystem::create_directories(path_);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace slipway::test
