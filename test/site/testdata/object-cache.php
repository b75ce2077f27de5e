<?php
// A cache of WordPress's objects in Redis, as small as can be. It stands in for the plugin
// Redis Object Cache where that is not at hand: it takes the same constants, and as the plugin
// does it ends the page when Redis fails, unless WP_REDIS_GRACEFUL is set. Then it calls the same action.

function wp_cache_init()
{
    $GLOBALS['wp_object_cache'] = new RedisObjects();
}
function wp_cache_add($key, $data, $group = '', $expire = 0)
{
    return wp_cache_get($key, $group) === false && wp_cache_set($key, $data, $group, $expire);
}
function wp_cache_replace($key, $data, $group = '', $expire = 0)
{
    return wp_cache_get($key, $group) !== false && wp_cache_set($key, $data, $group, $expire);
}
function wp_cache_set($key, $data, $group = '', $expire = 0)
{
    return $GLOBALS['wp_object_cache']->set("$group:$key", $data);
}
function wp_cache_get($key, $group = '', $force = false, &$found = null)
{
    $data = $GLOBALS['wp_object_cache']->get("$group:$key");
    $found = $data !== false;
    return $data;
}
function wp_cache_delete($key, $group = '')
{
    return $GLOBALS['wp_object_cache']->delete("$group:$key");
}
function wp_cache_incr($key, $offset = 1, $group = '')
{
    $data = (int) wp_cache_get($key, $group) + $offset;
    return wp_cache_set($key, $data, $group) ? $data : false;
}
function wp_cache_decr($key, $offset = 1, $group = '')
{
    return wp_cache_incr($key, -$offset, $group);
}
function wp_cache_flush()
{
    return $GLOBALS['wp_object_cache']->flush();
}
function wp_cache_close()
{
    return true;
}
function wp_cache_add_global_groups($groups)
{
}
function wp_cache_add_non_persistent_groups($groups)
{
    $GLOBALS['wp_object_cache']->own = array_merge($GLOBALS['wp_object_cache']->own, (array) $groups);
}
function wp_cache_switch_to_blog($blog)
{
}

class RedisObjects
{
    public $own = []; // groups that are not kept
    private $held = [];
    private $redis = null;

    public function __construct()
    {
        if (defined('WP_REDIS_DISABLED') && WP_REDIS_DISABLED) {
            return;
        }
        $this->redis = @stream_socket_client(WP_REDIS_SCHEME . '://' . WP_REDIS_HOST . ':' . WP_REDIS_PORT, $code, $error, WP_REDIS_TIMEOUT);
        if (!$this->redis) {
            $this->fail($error);
            return;
        }
        stream_set_timeout($this->redis, WP_REDIS_READ_TIMEOUT);
        $this->ask('AUTH', WP_REDIS_PASSWORD);
    }

    public function get($key)
    {
        if (!array_key_exists($key, $this->held)) {
            $said = $this->kept($key) ? $this->ask('GET', $this->name($key)) : null;
            $this->held[$key] = $said === null ? false : unserialize($said);
        }
        $data = $this->held[$key];
        return is_object($data) ? clone $data : $data;
    }

    public function set($key, $data)
    {
        $this->held[$key] = is_object($data) ? clone $data : $data;
        $this->kept($key) && $this->ask('SET', $this->name($key), serialize($data));
        return true;
    }

    public function delete($key)
    {
        $this->held[$key] = false;
        $this->kept($key) && $this->ask('DEL', $this->name($key));
        return true;
    }

    public function flush()
    {
        $this->held = [];
        $this->ask('FLUSHDB');
        return true;
    }

    private function name($key)
    {
        return (defined('WP_REDIS_PREFIX') ? WP_REDIS_PREFIX : '') . $key;
    }

    private function kept($key)
    {
        return !in_array(strtok($key, ':'), $this->own, true);
    }

    private function ask(...$words)
    {
        if (!$this->redis) {
            return null;
        }
        $command = '*' . count($words) . "\r\n";
        foreach ($words as $word) {
            $command .= '$' . strlen($word) . "\r\n$word\r\n";
        }
        for ($sent = 0; $sent < strlen($command); $sent += $n) {
            if (!($n = @fwrite($this->redis, substr($command, $sent)))) {
                return $this->fail('writing to Redis');
            }
        }
        $line = fgets($this->redis);
        if ($line === false || $line[0] === '-') {
            return $this->fail($line === false ? 'reading from Redis' : $line);
        }
        if ($line[0] !== '$') {
            return rtrim(substr($line, 1));
        }
        $length = (int) substr($line, 1);
        if ($length < 0) {
            return null;
        }
        $text = stream_get_contents($this->redis, $length + 2);
        return strlen($text) === $length + 2 ? substr($text, 0, $length) : $this->fail('reading from Redis');
    }

    private function fail($why)
    {
        $this->redis = null;
        if (!defined('WP_REDIS_GRACEFUL') || !WP_REDIS_GRACEFUL) {
            http_response_code(500);
            exit("Error establishing a Redis connection: $why");
        }
        do_action('redis_object_cache_error', new RuntimeException($why));
        return null;
    }
}
