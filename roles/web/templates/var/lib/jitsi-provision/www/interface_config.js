{{ managed("//") }}
<!--# include virtual="/packaged/interface_config.js" -->
// No link of the client leads away from the school.
Object.assign(interfaceConfig, {
    JITSI_WATERMARK_LINK: '',
    BRAND_WATERMARK_LINK: '',
    SUPPORT_URL: {{ ("https://" ~ settings.domain ~ "/") | javascript }},
    SHOW_POWERED_BY: false,
    SHOW_CHROME_EXTENSION_BANNER: false,
    SHOW_PROMOTIONAL_CLOSE_PAGE: false,
    MOBILE_APP_PROMO: false
});
