#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>

#include "http/curl_exchange.h"
#include "slipway/base/text.h"
#include "slipway/http/system_certificates.h"
#include "slipway/http/transport.h"
#include "slipway/http/url.h"

// The checked macros call the functions by name; these calls go through a table.
#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace slipway::http {
namespace {

constexpr std::int64_t kLargeBody = 4 << 20;

/// Behind a proxy nobody here sees the address that is talked to.
bool has_proxy() {
  for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return true;
  }
  return false;
}

/// A list of header lines in libcurl's form.
class HeaderList {
 public:
  explicit HeaderList(const CurlApi& api) : api_(api) {}
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { api_.slist_free_all(list_); }
  void add(const std::string& line) { list_ = api_.slist_append(list_, line.c_str()); }
  curl_slist* get() const { return list_; }

 private:
  const CurlApi& api_;
  curl_slist* list_ = nullptr;
};

class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(TransportOptions options) : options_(std::move(options)) {}
  ~CurlTransport() override {
    for (CURL* handle : idle_)
      (*CurlApi::get())->easy_cleanup(handle);
  }

  Result<Response> perform(const Request& request, ResponseHandler& handler, std::stop_token stop) override {
    SLIPWAY_TRY(check(request));
    SLIPWAY_ASSIGN(const CurlApi* api, CurlApi::get());
    SLIPWAY_ASSIGN(const HostCertificates* certificates, certificates_for(request));
    SLIPWAY_ASSIGN(CURL * handle, acquire_handle(*api));
    CurlExchange exchange(*api, handle, request, handler, options_.hints, std::move(stop));
    HeaderList headers(*api);
    prepare(*api, handle, request, exchange, headers);
    set_tls(*api, handle, *certificates);
    const CURLcode code = api->easy_perform(handle);
    auto result = exchange.result(code);
    release_handle(*api, handle);
    return result;
  }

 private:
  static Status check(const Request& request) {
    SLIPWAY_TRY(Url::parse(request.url));
    for (const auto& [name, value] : request.headers) {
      if (has_control_characters(name) || has_control_characters(value))
        return fail(Errc::invalid_argument, "a header holds control characters");
    }
    if (has_control_characters(request.authorization.reveal())) {
      return fail(Errc::invalid_argument, "the credentials hold control characters");
    }
    return {};
  }

  void prepare(const CurlApi& api, CURL* h, const Request& request, CurlExchange& exchange, HeaderList& headers) const {
    const auto set = [&](CURLoption option, auto value) { api.easy_setopt(h, option, value); };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_TCP_NODELAY, 1L);
    set(CURLOPT_BUFFERSIZE, static_cast<long>(io::kBlock));
    set(CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(io::kBlock));
    set(CURLOPT_USERAGENT, options_.user_agent.c_str());
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, std::max<long>(1, static_cast<long>(options_.idle_timeout.count() / 1000)));
    set(CURLOPT_HEADERFUNCTION, &CurlExchange::on_header);
    set(CURLOPT_HEADERDATA, &exchange);
    set(CURLOPT_WRITEFUNCTION, &CurlExchange::on_body);
    set(CURLOPT_WRITEDATA, &exchange);
    set(CURLOPT_ERRORBUFFER, exchange.detail());
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &CurlExchange::on_progress);
    set(CURLOPT_XFERINFODATA, &exchange);
    set_method(api, h, request, exchange);
    for (const auto& [name, value] : request.headers)
      headers.add(name + ": " + value);
    if (!request.authorization.empty()) headers.add("Authorization: " + request.authorization.reveal());
    // A registry that wants another token, or no body of this size, says so before gigabytes are sent.
    if (request.body_size < kLargeBody) headers.add("Expect:");
    if (request.body_size >= kLargeBody) headers.add("Expect: 100-continue");
    if (request.public_only && !proxied_) {
      set(CURLOPT_OPENSOCKETFUNCTION, &CurlExchange::on_socket);
      set(CURLOPT_OPENSOCKETDATA, &exchange);
    }
    const bool typed = std::any_of(request.headers.begin(), request.headers.end(),
                                   [](const Header& header) { return to_lower(header.first) == "content-type"; });
    if (!typed) headers.add("Content-Type:");  // libcurl would say that it is a form
    set(CURLOPT_HTTPHEADER, headers.get());
  }

  void set_tls(const CurlApi& api, CURL* h, const HostCertificates& own) const {
    api.easy_setopt(h, CURLOPT_SSL_VERIFYPEER, options_.verify_tls ? 1L : 0L);
    api.easy_setopt(h, CURLOPT_SSL_VERIFYHOST, options_.verify_tls ? 2L : 0L);
    // libcurl does not read these variables itself, everybody else's tools do.
    const char* file = options_.ca_file.empty() ? std::getenv("SSL_CERT_FILE") : options_.ca_file.c_str();
    const char* path = options_.ca_path.empty() ? std::getenv("SSL_CERT_DIR") : options_.ca_path.c_str();
    const bool has_path = path != nullptr && *path != '\0';
    if (file != nullptr && *file != '\0') {
      api.easy_setopt(h, CURLOPT_CAINFO, file);
    } else if (const std::string found = system_certificates(); !found.empty()) {
      api.easy_setopt(h, CURLOPT_CAINFO, found.c_str());
    } else if (has_path) {
      api.easy_setopt(h, CURLOPT_CAINFO, nullptr);  // libcurl's own, which is missing, would fail
    }
    if (has_path) api.easy_setopt(h, CURLOPT_CAPATH, path);
    if (!own.authorities.empty()) {
      // In place of the bundle; the system's folder stays trusted beside it.
      curl_blob pem{const_cast<char*>(own.authorities.data()), own.authorities.size(), CURL_BLOB_COPY};
      api.easy_setopt(h, CURLOPT_CAINFO_BLOB, &pem);
    }
    if (own.certificate.empty()) return;
    api.easy_setopt(h, CURLOPT_SSLCERT, own.certificate.c_str());
    api.easy_setopt(h, CURLOPT_SSLKEY, own.key.c_str());
  }

  static void set_method(const CurlApi& api, CURL* h, const Request& request, CurlExchange& exchange) {
    const auto set = [&](CURLoption option, auto value) { api.easy_setopt(h, option, value); };
    if (request.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else if (request.body != nullptr && request.body_size > 0) {
      set(CURLOPT_UPLOAD, 1L);
      set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
      set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body_size));
      set(CURLOPT_READFUNCTION, &CurlExchange::on_read);
      set(CURLOPT_READDATA, &exchange);
      set(CURLOPT_SEEKFUNCTION, &CurlExchange::on_seek);
      set(CURLOPT_SEEKDATA, &exchange);
    } else if (request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
      // No body still needs Content-Length: 0.
      set(CURLOPT_POSTFIELDS, "");
      set(CURLOPT_POSTFIELDSIZE, 0L);
      set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    } else if (request.method != "GET") {
      set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
  }

  Result<const HostCertificates*> certificates_for(const Request& request) {
    static const HostCertificates kNone;
    if (!options_.certificates || request.url.rfind("https:", 0) != 0) return &kNone;
    SLIPWAY_ASSIGN(const Url url, Url::parse(request.url));
    const auto key = std::tuple(url.host, url.port, request.foreign);
    const std::scoped_lock lock(mutex_);
    auto at = certificates_.find(key);
    if (at == certificates_.end()) {
      SLIPWAY_ASSIGN(auto found, options_.certificates(url.host, url.port, request.foreign));
      at = certificates_.emplace(key, std::move(found)).first;
    }
    return &at->second;
  }

  /// A handle keeps its connections between requests.
  Result<CURL*> acquire_handle(const CurlApi& api) {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      CURL* handle = idle_.back();
      idle_.pop_back();
      return handle;
    }
    CURL* handle = api.easy_init();
    if (handle == nullptr) return fail(Errc::failed, "cannot create a libcurl handle");
    return handle;
  }

  void release_handle(const CurlApi& api, CURL* handle) {
    api.easy_reset(handle);
    const std::scoped_lock lock(mutex_);
    idle_.push_back(handle);
  }

  TransportOptions options_;
  const bool proxied_ = has_proxy();
  std::mutex mutex_;
  std::map<std::tuple<std::string, int, bool>, HostCertificates> certificates_;
  std::vector<CURL*> idle_;
};

}  // namespace

std::unique_ptr<HttpTransport> curl_transport(TransportOptions options) {
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace slipway::http
