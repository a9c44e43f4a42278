using System.Text;

namespace AgentGrid.Core.Tests;

public sealed class JsonTests
{
    [Fact]
    public void Problem_OfTextThatIsNotUtf8_IsSaid()
    {
        Assert.Equal("It is not UTF-8.", Json.Trusted(Encoding.Latin1.GetBytes("\"zwölf\"")).Problem());
        Assert.Null(Json.Trusted(Encoding.UTF8.GetBytes("\"zwölf\"")).Problem());
    }
}
