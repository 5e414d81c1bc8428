#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace slipway::test {

/// Reads a file of the project; the path is relative to its root.
inline std::string project_file(const std::string& path) {
  const char* testdata = std::getenv("SLIPWAY_TESTDATA");
  if (testdata == nullptr) return {};
  std::ifstream file(std::filesystem::path(testdata).parent_path() / path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Expects the example of a header (the lines `///     CODE` of its comments) to stand, line by line and in this order,
/// in a source file, where the compiler checks it. Both paths are relative to the project's root.
inline void expect_example_is_compiled(const std::string& header, const std::string& source) {
  constexpr std::string_view kMark = "///     ";
  const std::string code = project_file(source);
  std::istringstream lines(project_file(header));
  std::size_t at = 0;
  int found = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(kMark, 0) != 0) continue;
    ++found;
    line.erase(0, kMark.size());
    line.erase(0, line.find_first_not_of(' '));
    at = code.find(line, at);
    ASSERT_NE(at, std::string::npos) << source << " lacks this line of the example of " << header << ": " << line;
    at += line.size();
  }
  EXPECT_GT(found, 0) << header << " has no example";
}

}  // namespace slipway::test
