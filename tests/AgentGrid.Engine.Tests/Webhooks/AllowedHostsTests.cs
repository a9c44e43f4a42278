using AgentGrid.Engine.Webhooks;

namespace AgentGrid.Engine.Tests.Webhooks;

public sealed class AllowedHostsTests
{
    [Theory]
    [InlineData("a.example", "https://a.example/x", true)]
    [InlineData("a.example", "http://A.EXAMPLE/x", true)]
    [InlineData("a.example", "https://a.example:8443/x", false)]
    [InlineData("a.example:8443", "https://a.example:8443/x", true)]
    [InlineData("a.example:443", "https://a.example/x", true)]
    [InlineData("a.example:8443", "https://a.example/x", false)]
    [InlineData("a.example", "https://b.a.example/x", false)]
    [InlineData("a.example", "https://xa.example/x", false)]
    [InlineData("a.example", "https://a.example.evil.org/", false)]
    [InlineData("*.a.example", "https://b.a.example/x", true)]
    [InlineData("*.a.example", "https://c.b.a.example/x", true)]
    [InlineData("*.a.example", "https://a.example/x", false)]
    [InlineData("*.a.example", "https://xa.example/x", false)]
    [InlineData("*.a.example:81", "http://b.a.example:81/x", true)]
    [InlineData("10.0.0.7:8080", "http://10.0.0.7:8080/", true)]
    [InlineData("10.0.0.7:8080", "http://10.0.0.8:8080/", false)]
    [InlineData("[::1]:8080", "http://[::1]:8080/", true)]
    [InlineData("[::1]", "http://[::1]/", true)]
    [InlineData("::1", "http://[::1]:8080/", false)]
    [InlineData("[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080/", true)]
    [InlineData("bücher.example", "https://xn--bcher-kva.example/", true)]
    [InlineData("bücher.example:81", "http://BÜCHER.example:81/", true)]
    [InlineData("*.bücher.example", "https://a.xn--bcher-kva.example/", true)]
    [InlineData("xn--bcher-kva.example", "https://bücher.example/", true)]
    public void Allows_HostAndPort(string allowed, string address, bool expected) =>
        Assert.Equal(expected, new AllowedHosts([allowed]).Allows(new Uri(address)));
}
